from . import test_generation
from . import test_local_time
from . import test_occurrences
from . import test_visit_access
from . import test_visit_dialogs
from . import test_visit_guards
from . import test_visit_query_counts
from . import test_visit_steps_access
