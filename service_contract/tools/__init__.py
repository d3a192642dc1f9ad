from . import dates, periods, roles, service_code
