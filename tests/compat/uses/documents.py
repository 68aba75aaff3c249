"""Uses of what makes and reads text, pages and documents."""

# ruff: noqa: E501, PLC0415
# mypy: ignore-errors


def use_Jinja2(url):
    import jinja2

    environment = jinja2.Environment(autoescape=True)
    assert environment.from_string("{% for a in all %}{{ a }},{% endfor %}").render(all=["<", 2]) == "&lt;,2,"


def use_MarkupSafe(url):
    from markupsafe import Markup, escape

    assert escape("<a>") == Markup("&lt;a&gt;")


def use_Markdown(url):
    import markdown

    assert "<table>" in markdown.markdown("a | b\n--|--\n1 | 2\n", extensions=["tables"])


def use_mistune(url):
    import mistune

    assert mistune.html("**a**") == "<p><strong>a</strong></p>\n"


def use_markdown_it_py(url):
    from markdown_it import MarkdownIt

    assert MarkdownIt().render("*a*") == "<p><em>a</em></p>\n"


def use_beautifulsoup4(url):
    from bs4 import BeautifulSoup

    assert BeautifulSoup("<p>a<b>c</b></p>", "html.parser").select_one("p b").text == "c"


def use_html5lib(url):
    import html5lib

    assert html5lib.parse("<p>a", namespaceHTMLElements=False).find("body/p").text == "a"


def use_bleach(url):
    import bleach

    assert bleach.clean("<b>a</b><script>x</script>", tags={"b"}, strip=True) == "<b>a</b>x"


def use_tabulate(url):
    from tabulate import tabulate

    assert tabulate([[1, 2]], headers=["a", "b"], tablefmt="github").splitlines()[-1] == "|   1 |   2 |"


def use_rich(url):
    import io

    from rich.console import Console
    from rich.table import Table

    table = Table("a", "b")
    table.add_row("1", "2")
    out = io.StringIO()
    Console(file=out, width=40).print(table)
    assert "┃ a" in out.getvalue()


def use_openpyxl(url):
    import io

    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["a", 1])
    out = io.BytesIO()
    book.save(out)
    assert openpyxl.load_workbook(io.BytesIO(out.getvalue())).active["B1"].value == 1


def use_XlsxWriter(url):
    import io
    import zipfile

    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.add_worksheet().write(0, 0, "a")
    assert "xl/workbook.xml" in zipfile.ZipFile(out).namelist()


def use_python_docx(url):
    import io

    import docx

    document = docx.Document()
    document.add_paragraph("a")
    out = io.BytesIO()
    document.save(out)
    assert docx.Document(io.BytesIO(out.getvalue())).paragraphs[0].text == "a"


def use_pypdf(url):
    import io

    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    assert len(PdfReader(io.BytesIO(out.getvalue())).pages) == 1


def use_reportlab(url):
    import io

    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    page = canvas.Canvas(out)
    page.drawString(100, 100, "a")
    page.save()
    assert out.getvalue().startswith(b"%PDF")


def use_mammoth(url):
    import io
    import zipfile

    import mammoth

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as document:
        space = "http://schemas.openxmlformats.org"
        document.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="1" Type="{space}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        document.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{space}/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>a</w:t></w:r></w:p></w:body></w:document>',
        )
    assert mammoth.convert_to_html(out).value == "<p>a</p>"


def use_xhtml2pdf(url):
    import io

    from xhtml2pdf import pisa

    out = io.BytesIO()
    assert not pisa.CreatePDF("<p>a</p>", dest=out).err


def use_feedparser(url):
    import feedparser

    assert feedparser.parse("<rss><channel><item><title>a</title></item></channel></rss>").entries[0].title == "a"


def use_chardet(url):
    import chardet

    assert chardet.detect("Привет, как дела? Всё хорошо.".encode("cp1251"))["encoding"].lower().startswith("windows")


def use_charset_normalizer(url):
    import charset_normalizer

    text = "Это предложение написано по-русски, чтобы его узнали."
    assert str(charset_normalizer.from_bytes(text.encode("utf-8")).best()) == text


def use_idna(url):
    import idna

    assert idna.encode("bücher.example") == b"xn--bcher-kva.example"


def use_python_slugify(url):
    from slugify import slugify

    assert slugify("Größe & Länge") == "grosse-lange"


def use_phonenumbers(url):
    import phonenumbers

    number = phonenumbers.parse("030 123456", "DE")
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == "+4930123456"


def use_email_validator(url):
    from email_validator import validate_email

    assert validate_email("Ada@EXAMPLE.com", check_deliverability=False).normalized == "Ada@example.com"


def use_vobject(url):
    import vobject

    card = vobject.vCard()
    card.add("fn").value = "Ada"
    card.add("n").value = vobject.vcard.Name(family="L", given="Ada")
    assert vobject.readOne(card.serialize()).fn.value == "Ada"


def use_icalendar(url):
    import datetime

    from icalendar import Calendar, Event

    event = Event()
    event.add("summary", "a")
    event.add("dtstart", datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
    calendar = Calendar()
    calendar.add_component(event)
    assert Calendar.from_ical(calendar.to_ical()).walk("VEVENT")[0]["summary"] == "a"
