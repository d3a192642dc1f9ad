from . import (
    service_contract_create,
    service_contract_create_line,
    service_contract_pick_invoice,
    service_contract_record_use,
    service_contract_suspend,
)
