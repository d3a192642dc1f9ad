from . import test_contract_period, test_contract_steps, test_rights, test_service_code
from . import test_autocreate, test_from_invoice, test_jobs, test_wizard
from . import test_access_matrix
from . import test_next_period, test_print_and_mail, test_query_counts
from . import test_access_guards
from . import test_access_dialogs
from . import test_public_methods
from . import test_portal_security
from . import test_tours
from . import test_multicompany
from . import test_hostile_strings
