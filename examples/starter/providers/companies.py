"""Choices for form fields that ask for a company."""

from bifrost import data_provider

from modules.psa import Psa


@data_provider(
    name="PSA companies",
    description="All companies of the PSA, by name.",
    category="PSA",
    tags=["starter"],
)
async def companies(contains: str = "") -> list[dict[str, str]]:
    """`{label, value}` per company; with `contains`, those whose name has it."""
    psa = await Psa.connect()
    wanted = contains.casefold()
    return [
        {"label": company["name"], "value": str(company["id"])}
        for company in sorted(await psa.companies(), key=lambda company: company["name"].casefold())
        if wanted in company["name"].casefold()
    ]
