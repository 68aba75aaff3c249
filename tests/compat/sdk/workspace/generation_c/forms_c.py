"""Forms, and the roles that may use them."""

from bifrost import context, forms, roles, workflow


@workflow
async def forms_c(form: str) -> dict:
    listed = {one.id: one for one in await forms.list()}
    assert listed[form].name == "Say hello" and listed[form].form_schema is None
    whole = await forms.get(form)
    assert whole.form_schema["fields"][0]["name"] == "name" and whole.access_level == "role_based"
    try:
        await forms.get("00000000-0000-7000-8000-000000000000")
    except (ValueError, PermissionError):
        pass
    else:
        raise AssertionError("there is no such form")
    readers = await roles.create("readers of forms")
    assert await roles.list_forms(readers.id) == []
    await roles.assign_forms(readers.id, [form])
    assert await roles.list_forms(readers.id) == [form]
    assert await roles.delete(readers.id)
    return {"by": context.executed_by_email}


@workflow(name="opened_c")
async def opened_c(context) -> dict:
    """The launch workflow of a form."""
    return {"greeting": f"Hello from {context.org_name}"}


@workflow
async def submitted_c(name: str) -> str:
    """What the form starts."""
    return f"{context.startup['greeting']}, {name}"
