"""Models that the workflows share, defined when the workspace is loaded."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, computed_field, field_serializer, field_validator
from pydantic.dataclasses import dataclass

T = TypeVar("T")


class Address(BaseModel):
    street: str
    city: str = Field(min_length=2)


class Customer(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    id: UUID
    name: str = Field(alias="customerName")
    since: datetime
    credit: Decimal = Decimal("0")
    address: Address | None = None
    tags: list[str] = []
    token: SecretStr | None = None

    @field_validator("tags")
    @classmethod
    def lower(cls, value: list[str]) -> list[str]:
        return [tag.lower() for tag in value]

    @field_serializer("credit")
    def as_text(self, value: Decimal) -> str:
        return f"{value:.2f}"

    @computed_field
    @property
    def shown(self) -> str:
        return f"{self.name} ({self.id.hex[:4]})"


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = None


class Opened(BaseModel):
    kind: Literal["opened"]
    by: str


class Closed(BaseModel):
    kind: Literal["closed"]
    reason: str


class Ticket(BaseModel):
    number: int
    event: Annotated[Opened | Closed, Field(discriminator="kind")]


class Node(BaseModel):
    value: int
    children: list[Node] = []


@dataclass
class Line:
    article: str
    amount: int = Field(gt=0)
