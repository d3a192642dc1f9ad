from . import service_contract_demo
