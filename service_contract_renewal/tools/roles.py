"""External ids of the groups that code asks for."""

BILLING = "service_contract.group_service_billing"
