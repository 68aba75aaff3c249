"""Forms."""

from bifrost import forms, workflow


@workflow(name="forms_b")
async def forms_b(form: str) -> str:
    assert form in [one.id for one in await forms.list()]
    return (await forms.get(form)).name
