from . import portal, renewal
