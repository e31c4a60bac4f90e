"""What type checkers and editors see of the names that are loaded when first used."""

from boundcalc.kernel.confirming import confirm as confirm
from boundcalc.kernel.coqc import available as available
from boundcalc.kernel.exporting import Exported as Exported
from boundcalc.kernel.exporting import export as export
from boundcalc.kernel.exporting import prove as prove
from boundcalc.kernel.whole import compose as compose

__all__: list[str]
