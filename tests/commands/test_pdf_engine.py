"""The PDF engine that stands in for wkhtmltopdf."""

import io
import re
import resource
import subprocess

import pypdf
import pytest

from ground.paths import ROOT

ENGINE = ROOT / "setup/bin/wkhtmltopdf"
EDGE = """<!DOCTYPE html><html><head><script>
function subst() {
    const values = new URLSearchParams(location.search);
    document.getElementById("number").textContent =
        `NAME ${values.get("page")} / ${values.get("topage")}`;
    document.getElementById("body").textContent = values.get("webpage").split(".")[3];
}
</script></head><body onload="subst()"><b id="number"></b> of <i id="body"></i></body>
"""


@pytest.fixture
def files(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def words(page):
    """The text of the page without its blanks: kerning of the font adds some."""
    return re.sub(r"\s+", "", page.extract_text())


def draw(*arguments, **options):
    done = subprocess.run(
        [ENGINE, "--quiet", *arguments, "-"],
        capture_output=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr.decode()
    return pypdf.PdfReader(io.BytesIO(done.stdout))


def test_version_that_odoo_accepts():
    printed = subprocess.run([ENGINE, "--version"], capture_output=True, check=True)
    assert printed.stdout.strip() == b"wkhtmltopdf 0.12.6 (with patched qt)"


def test_several_documents_with_headers_and_page_numbers(files):
    long = "<h1>Contract</h1>" + "<p>สัญญาการบริการ น้ำ ที่</p>" * 80
    bodies = [
        files("report.body.tmp.0.a.html", f"<meta charset='utf-8'>{long}"),
        files("report.body.tmp.1.b.html", "<h1>Short</h1><p>one page</p>"),
    ]
    options = ["--page-size", "A4", "--margin-top", "40", "--header-spacing", "35"]
    options += ["--margin-bottom", "25", "--dpi", "90", "--javascript-delay", "1000"]
    options += ["--header-html", files("head.html", EDGE.replace("NAME", "Head"))]
    options += ["--footer-html", files("foot.html", EDGE.replace("NAME", "Foot"))]
    pdf = draw(*options, *bodies)
    texts = [words(page) for page in pdf.pages]
    count = len(texts) - 1
    assert count >= 2
    for number, text in enumerate(texts[:-1], start=1):
        assert f"Head{number}/{count}of0" in text
        assert f"Foot{number}/{count}of0" in text
    assert "Head1/1of1" in texts[-1] and "onepage" in texts[-1]
    assert "\u0e2a\u0e31\u0e0d\u0e0d\u0e32" in texts[0]
    # Odoo reads the first page of each document in this way.
    root = pdf.trailer["/Root"]
    node, pages = root["/Outlines"]["/First"], []
    while node:
        pages.append(root["/Dests"][node["/Dest"]][0])
        node = node.get("/Next")
    assert pages == [0, count]
    assert [round(float(side) / 72 * 25.4) for side in pdf.pages[0].mediabox[2:]] == [
        210,
        297,
    ]


def test_landscape_and_own_size(files):
    body = files("body.html", "<p>wide</p>")
    wide = draw("--page-size", "A5", "--orientation", "landscape", body).pages[0]
    assert wide.mediabox.width > wide.mediabox.height
    own = draw("--page-width", "100mm", "--page-height", "50mm", body).pages[0]
    assert round(float(own.mediabox.width) / 72 * 25.4) == 100


def test_under_the_memory_limit_of_odoo(files):
    def limit():
        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (2560 * 1024**2, hard))

    pdf = draw(files("body.html", "<p>here</p>"), preexec_fn=limit)
    assert "here" in words(pdf.pages[0])


def test_failure_is_told():
    done = subprocess.run(
        [ENGINE, "/nowhere.html", "-"], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"nowhere.html" in done.stderr


def test_report_of_a_running_server(server):
    """Styles, fonts and the logo come from the server, by the address it has."""
    server.run("""
report = env['ir.actions.report'].with_context(force_report_rendering=True)
partners = env['res.partner'].create([{'name': 'หนึ่ง'}, {'name': 'Two'}])
env['ir.ui.view'].create({
    'name': 'probe', 'type': 'qweb', 'key': 'base.probe', 'arch': '''
<t t-name="base.probe"><t t-call="web.html_container"><t t-foreach="docs" t-as="o">
<t t-call="web.external_layout"><div class="page"><h2 t-field="o.name" /></div></t>
</t></t></t>''',
})
action = env['ir.actions.report'].create({
    'name': 'Probe', 'model': 'res.partner', 'report_type': 'qweb-pdf',
    'report_name': 'base.probe',
})
pdf, kind = report._render_qweb_pdf(action, res_ids=partners.ids)
assert kind == 'pdf', kind
from odoo.tools.pdf import PdfFileReader
import io
pages = PdfFileReader(io.BytesIO(pdf)).pages
result = len(pages)
assert result == 2 and 'Two' in pages[1].extract_text().replace(' ', '')
""")
