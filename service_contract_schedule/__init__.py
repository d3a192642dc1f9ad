from . import demo, models, wizards
from .hooks import uninstall_hook
