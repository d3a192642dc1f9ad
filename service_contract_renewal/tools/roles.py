"""External ids of the groups that code asks for."""

BILLING = "service_contract.group_service_billing"

# suspended for want of a renewal or a payment: told by letter, lifted by payment
UNPAID = ("unpaid", "not_renewed")
