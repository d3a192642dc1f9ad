from . import (
    account_move_reversal,
    account_move_send_batch_wizard,
    service_renewal_issue,
    service_renewal_issue_line,
    service_renewal_decline,
    service_renewal_terminate,
    service_renewal_base,
    service_renewal_base_line,
    service_renewal_hold,
    service_renewal_preview,
    service_renewal_preview_line,
)
