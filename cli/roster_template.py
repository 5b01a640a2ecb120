"""The empty roster file for `import --template`: a sheet each, one marked example row, and how to fill it in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from routing.roster_sheets import SHEETS, Column, Sheet, choice_names

EXAMPLE_NOTE: Final = "示例，导入时会跳过；可删去"

#: One row a sheet, which would pass if it weren't marked.
EXAMPLES: Final[Mapping[str, Mapping[str, str]]] = {
    "stations": {"prefix": "HP", "name": "海平街道代表联络中心站", "tier": "中心站", "address": "海平街道文化路 1 号",
                 "reception": "每月 20 日上午 9:00—11:30", "phone": "0571-8000-0001", "duty_phone": "0571-8000-0002",
                 "gas_phone": "0571-8000-0003", "lift_phone": "0571-8000-0004"},
    "deputies": {"number": "086", "name": "林秋", "station": "HP", "level": "县人大代表", "title": "社区医生",
                 "reception": "每周二上午", "skills": "就业、医疗", "status": "在任"},
    "departments": {"code": "zhzf", "name": "综合行政执法局", "kind": "政府部门", "aliases": "城管、城管局、执法局",
                    "hotline": "0571-8000-0010", "restricted": "否", "refer_only": "否"},
    "officers": {"name": "周敏", "department": "zhzf"},
    "staff": {"name": "陈静", "station": "HP", "role": "工作人员"},
    "places": {"name": "幸福路口袋公园", "kind": "民生实事项目", "aliases": "口袋公园", "department": "zhzf",
               "station": "HP", "active": "是"},
    "rules": {"number": "1", "words": "路灯、灯杆", "places": "幸福路", "station": "HP", "hours": "18:00-06:00",
              "days": "2026-12-01至2027-02-28", "department": "zhzf", "co": ""},
}  # fmt: skip

NOTES: Final = (
    "怎样填写",
    "一、每张表第一行是列名，请勿改动；带 * 的列必填。灰色示例行导入时会跳过。",
    "二、先导入一次看结果，再改再导入都可以：同一站点（前缀）、代表（站＋编号）、部门（代码）、"
    "联络员（部门＋姓名）、工作人员（站＋姓名＋角色）、地点（名称）、规则（编号）只会更新，不会重复。",
    "三、表里没有的行不会被删除。代表离任请把“状态”改为“离任”。某列整列删掉，原有内容保持不变；单元格清空，则内容清空"
    "（层级、状态、类别、受限、只告知除外）。",
    "四、有一处错误就全部不导入，并告诉您是哪张表第几行。可先用 --dry-run 试一遍。",
    "五、代表编号如 086，前面的 0 可以保留，也可以不写。多个别名、专长用顿号隔开。",
    "六、代表换了人请用新姓名：原来的人会失去该身份，新的人需重新邀请。",
    "七、【地点】是项目点位、街路、小区和单位的名字和别名：群众说到有承办部门的地点，就先建议那个部门。",
    "八、【规则】导入后都是未启用：请工作人员在工作窗口里先“规则 试 编号”，再“规则 启用 编号”。改过的也要重新启用。",
    "九、本表含姓名和电话，请妥善保管，用后删除。",
)


def template_workbook() -> Workbook:
    """The .xlsx template, to be saved by the caller."""
    book = Workbook()
    notes = book.active
    assert notes is not None
    book.remove(notes)
    for sheet in SHEETS:
        _fill(book.create_sheet(sheet.heading), sheet)
    _notes(book.create_sheet("说明"))
    return book


def write_template(path: Path) -> None:
    """Write the template; the ending of `path` chooses .xlsx or .yaml. Raises `ValueError` for another ending."""
    if path.suffix.lower() == ".xlsx":
        template_workbook().save(path)
    elif path.suffix.lower() in (".yaml", ".yml"):
        path.write_text(template_yaml(), "utf-8")
    else:
        raise ValueError(f"{path.name}: a template is .xlsx or .yaml")


def template_yaml() -> str:
    """The same as YAML, the columns explained in comments."""
    lines = [f"# {line}" for line in NOTES]
    for sheet in SHEETS:
        lines += ["", f"# {sheet.heading}", *(f"#   {_explain(column)}" for column in sheet.columns)]
        row = {**EXAMPLES[sheet.key], "note": EXAMPLE_NOTE}
        lines.append(yaml.safe_dump({sheet.key: [row]}, allow_unicode=True, sort_keys=False, width=1000).rstrip())
    return "\n".join(lines) + "\n"


def _explain(column: Column) -> str:
    said = [column.heading + ("（必填）" if column.required else "")]
    if column.choices:
        said.append("可填：" + "、".join(choice_names(column)))
    if column.help:
        said.append(column.help)
    return f"{column.key}: {'；'.join(said)}"


def _fill(page: Any, sheet: Sheet) -> None:
    for number, column in enumerate(sheet.columns, start=1):
        heading = page.cell(1, number, column.heading + ("*" if column.required else ""))
        heading.font = Font(bold=True, color="FFFFFF")
        heading.fill = PatternFill("solid", fgColor="9E1B1E")
        letter = get_column_letter(number)
        page.column_dimensions[letter].width = 28 if column.most > 60 else 16
        # As text, or the spreadsheet drops the zeros of 086.
        page.column_dimensions[letter].number_format = "@"
        example = EXAMPLE_NOTE if column.key == "note" else EXAMPLES[sheet.key].get(column.key)
        cell = page.cell(2, number, example)
        cell.font = Font(italic=True, color="808080")
        cell.number_format = "@"
        options = ["是", "否"] if column.kind == "flag" else choice_names(column)
        if options:
            rule = DataValidation("list", formula1='"' + ",".join(options) + '"', allow_blank=True)
            rule.error, rule.errorTitle = f"请从列表中选择：{'、'.join(options)}", column.heading
            page.add_data_validation(rule)
            rule.add(f"{letter}2:{letter}2000")
    page.freeze_panes = "A2"


def _notes(page: Any) -> None:
    page.column_dimensions["A"].width = 100
    for number, line in enumerate(NOTES, start=1):
        cell = page.cell(number, 1, line)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if number == 1:
            cell.font = Font(bold=True, size=14)
