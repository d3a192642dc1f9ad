"""What the web client reads to show a view, for tests and benchmarks."""

from lxml import etree


def specification(records, kind):
    """Return what the web client would ask for to show the model's view of ``kind``."""
    view = records.get_view(view_type=kind)
    return _specification(records, etree.fromstring(view["arch"]))


def _specification(records, arch):
    asked = {}
    for node in arch.xpath(".//field[not(ancestor::field)]"):
        name = node.get("name")
        field = records._fields[name]
        asked[name] = {}
        if not field.relational:
            continue
        comodel = records.env[field.comodel_name]
        inner = {"display_name": {}}
        if field.type != "many2one":
            for child in node.xpath("./list | ./kanban"):
                inner.update(_specification(comodel, child))
            if "color" in comodel._fields:
                inner["color"] = {}
        asked[name] = {"fields": inner}
    return asked
