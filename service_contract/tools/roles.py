"""External ids of the groups that code asks for."""

TECHNICIAN = "service_contract.group_service_technician"
USER = "service_contract.group_service_user"
MANAGER = "service_contract.group_service_manager"
