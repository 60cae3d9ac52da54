"""Which reply a row of a file speaks of."""

from tastemaker.rating.ratable import Home, Ratable, Spot
from tastemaker.rating.sheets import Row, Sheet
from tastemaker.reading import did_you_mean, listed


class Places:
    """Finds what the rows of a sheet name in a run, and notes in the sheet what is not there."""

    def __init__(self, sheet: Sheet, ratable: Ratable) -> None:
        """Of a sheet and the run that it is about."""
        self.sheet, self.ratable = sheet, ratable
        self.homes: dict[str, list[str]] = {}
        for name, scenario in ratable.questions:
            self.homes.setdefault(scenario, []).append(name)
        self.seeds: dict[Home, list[int]] = {}
        for name, scenario, seed in ratable.replies:
            self.seeds.setdefault((name, scenario), []).append(seed)

    def spot(self, row: Row) -> Spot | None:
        """Eval, scenario and seed; None where they are not to be found."""
        scenario, given = row.cells["scenario"], row.cells.get("eval", "")
        evals = {home for home, _ in self.ratable.questions}
        if given and given not in evals:
            self.sheet.wrong(row, "eval", f"no eval '{given}'{did_you_mean(given, evals)}")
            return None
        homes = [home for home in self.homes.get(scenario, []) if not given or home == given]
        if not homes:
            where = f"{given} has" if given else "the run has"
            known = [name for name, own in self.homes.items() if not given or given in own]
            what = f"{where} no scenario '{scenario}' that could be rated"
            self.sheet.wrong(row, "scenario", what + did_you_mean(scenario, known))
            return None
        if len(homes) > 1:
            what = f"'{scenario}' stands in {listed(homes)}: say which in a column 'eval'"
            self.sheet.wrong(row, "scenario", what)
            return None
        seeds = sorted(self.seeds.get((homes[0], scenario), []))
        seed = next((one for one in seeds if _is_number(row.cells["seed"], one)), None)
        if seed is None:
            what = f"expected {listed(map(str, seeds))}, found '{row.cells['seed']}'"
            self.sheet.wrong(row, "seed", what)
            return None
        return homes[0], scenario, seed

    def chance(self, row: Row) -> float | None:
        """The chance with which the row's scenario was drawn; None where none is given."""
        given = row.cells.get("chance", "").strip()
        if not given:
            return None
        try:
            chance = float(given)
        except ValueError:
            chance = 0.0
        if 0 < chance <= 1:
            return chance
        self.sheet.wrong(row, "chance", f"expected above 0, at most 1, found '{given}'")
        return None


def _is_number(text: str, number: int) -> bool:
    try:
        return float(text) == number
    except ValueError:
        return False
