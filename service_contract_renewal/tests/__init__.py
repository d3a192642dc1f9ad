from . import test_renew
