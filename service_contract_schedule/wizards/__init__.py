from . import service_visit_pattern_edit
from . import service_visit_pattern_preview
from . import service_visit_move
from . import service_visit_reason
from . import service_visit_plan_past
from . import service_holiday_load
