"""A workflow that imports pydantic in its function alone."""

from bifrost import workflow


@workflow
def imports_late() -> int:
    from pydantic import BaseModel

    class Item(BaseModel):
        count: int

    return Item(count="3").count
