from . import fees, roles
