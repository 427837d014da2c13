"""Encoding, delimiter, quoting and limits of a product CSV, apart from what its columns mean."""

from pathlib import Path

import pytest

from backend.domain.catalog.product_csv import Limits, ReadResult, read_product_csv
from backend.kit.errors import DomainError, ErrorKind

HEAD = "Handle,Title,Variant Price,Body (HTML)\n"


def refusal(source: bytes | Path, limits: Limits | None = None) -> DomainError:
    with pytest.raises(DomainError) as caught:
        read_product_csv(source, limits=limits)
    assert caught.value.kind is ErrorKind.INVALID
    return caught.value


def rejected_lines(result: ReadResult) -> list[int]:
    return [row.line for row in result.rejected]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_from_the_header(delimiter: str) -> None:
    text = f"Handle,Title,Variant Price,Tags\ncap,Cap,12.50,{chr(34)}red; blue{chr(34)}\n".replace(",", delimiter)
    (product,) = read_product_csv(text.encode()).products
    assert (product.title, str(product.variants[0].price)) == ("Cap", "12.50")
    assert product.tags == ("red; blue",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_encodings_are_read_with_and_without_a_mark(encoding: str) -> None:
    data = (HEAD + "mütze,Größe 🧢,1,\n").encode(encoding)
    assert read_product_csv(data).products[0].title == "Größe 🧢"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_counts_as_one_line(newline: str) -> None:
    text = HEAD + 'a,A,1,"two\nlines"\n\nb,B,abc,\n'
    result = read_product_csv(text.replace("\n", newline).encode())
    assert [product.handle for product in result.products] == ["a"]
    assert rejected_lines(result) == [5]


def test_a_record_is_reported_by_the_line_it_starts_on() -> None:
    text = HEAD + 'a,A,1,"<p>\none\n</p>"\nb,B,"12,50","<p>\ntwo\n</p>"\nc,C,2,\n'
    result = read_product_csv(text.encode())
    assert [product.handle for product in result.products] == ["a", "c"]
    assert rejected_lines(result) == [5]
    assert result.rows == 3


def test_a_windows_1252_file_is_refused_with_the_line_and_what_to_do() -> None:
    error = refusal((HEAD + "a,A,1,\nb,Größe,2,\n").encode("cp1252"))
    assert (error.code, error.facts["line"]) == ("CSV_NOT_UTF8", 3)
    assert "CSV UTF-8" in error.message


def test_half_a_utf16_character_is_refused_with_the_line() -> None:
    error = refusal((HEAD + "a,A,1,\nb,B,2,\n").encode("utf-16")[:-3] + b"\x00\xdc\n\x00")
    assert (error.code, error.facts["line"]) == ("CSV_NOT_UTF8", 3)


def test_a_workbook_is_refused_as_not_being_text() -> None:
    assert refusal(b"PK\x03\x04\x14\x00\x06\x00rest").code == "CSV_NOT_TEXT"


def test_utf16_without_a_mark_is_refused_as_not_being_text() -> None:
    assert refusal(HEAD.encode("utf-16-le")).code == "CSV_NOT_TEXT"


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert refusal(data).code == "CSV_EMPTY"


def test_an_unknown_format_is_refused_naming_the_columns_expected() -> None:
    error = refusal(b"sku,price\nA,1\n")
    assert error.code == "CSV_FORMAT_UNKNOWN"
    assert "Handle" in error.message
    assert "Regular price" in error.message


def test_a_column_that_is_there_twice_is_refused() -> None:
    error = refusal(b"Handle,Title,Variant Price,Variant price\na,A,1,2\n")
    assert error.code == "CSV_COLUMN_TWICE"


def test_a_file_over_the_size_limit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text(HEAD)
    assert refusal(file, Limits(bytes=10)).code == "CSV_TOO_LARGE"
    assert refusal(HEAD.encode(), Limits(bytes=10)).code == "CSV_TOO_LARGE"


def test_a_file_over_the_row_limit_is_refused() -> None:
    assert refusal((HEAD + "a,A,1,\nb,B,1,\n").encode(), Limits(rows=1)).code == "CSV_TOO_MANY_ROWS"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv").code == "CSV_UNREADABLE"


def test_a_file_is_read_from_its_path(tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text(HEAD + "a,A,1,\n")
    assert read_product_csv(file).rows == 1


def test_a_row_with_a_nul_byte_is_rejected_and_the_next_is_read() -> None:
    result = read_product_csv((HEAD + "a,A\x00,1,\nb,B,2,\n").encode())
    assert rejected_lines(result) == [2]
    assert [product.handle for product in result.products] == ["b"]


def test_control_characters_are_taken_out_of_texts() -> None:
    (product,) = read_product_csv((HEAD + "a,A\x08\x1bB,1,\n").encode()).products
    assert product.title == "AB"


def test_a_row_with_more_cells_than_the_header_is_rejected() -> None:
    result = read_product_csv((HEAD + "a,A,1,x,y\nb,B,2,,,,\n").encode())
    assert rejected_lines(result) == [2]
    assert [product.handle for product in result.products] == ["b"]


def test_a_row_with_fewer_cells_than_the_header_is_read() -> None:
    assert read_product_csv((HEAD + "a,A,1\n").encode()).products[0].description == ""


def test_a_wrong_quote_rejects_its_whole_record_and_nothing_else() -> None:
    text = HEAD + 'a,"A"x,1,"<p>\nb,B,2,\n</p>"\nc,C,3,\n'
    result = read_product_csv(text.encode())
    assert rejected_lines(result) == [2]
    assert [product.handle for product in result.products] == ["c"]


def test_a_quote_that_is_never_closed_is_reported_to_the_last_line() -> None:
    result = read_product_csv((HEAD + 'a,A,1,\nb,"B,2,\nc,C,3,\n').encode())
    assert [product.handle for product in result.products] == ["a"]
    assert rejected_lines(result) == [3]
    assert "line 4" in result.rejected[0].reason


def test_the_separator_line_of_a_spreadsheet_is_passed_over() -> None:
    result = read_product_csv(("sep=;\n" + HEAD + "a,A,abc,\n").replace(",", ";").encode())
    assert rejected_lines(result) == [3]


def test_rows_without_anything_in_them_do_not_count() -> None:
    result = read_product_csv((HEAD + ",,,\n  ,,,\na,A,1,\n\n").encode())
    assert (result.rows, result.rejected, result.lines) == (1, (), ((4,),))


def test_a_very_long_description_is_read() -> None:
    (product,) = read_product_csv((HEAD + f"a,A,1,{'x' * 400_000}\n").encode()).products
    assert len(product.description) == 400_000
