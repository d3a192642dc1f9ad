"""External ids of the groups that code asks for."""

USER = "service_contract.group_service_user"
MANAGER = "service_contract.group_service_manager"
