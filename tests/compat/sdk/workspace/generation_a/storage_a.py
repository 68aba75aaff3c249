"""What came before `files`."""

from bifrost import NotSupported, email, storage, workflow


@workflow(name="storage_a", description="What there is not")
async def storage_a(context):
    said = []
    for call in (storage.upload("x", b""), email.send(to="a@b.c", subject="s", body="b")):
        try:
            await call
        except NotSupported as error:
            said.append(str(error))
    assert "bifrost.files" in said[0] and "httpx" in said[1], said
