"""Raw calls of the platform."""

from bifrost import api, workflow


@workflow
async def api_c() -> list:
    made = await api.post("/api/roles", json={"name": "of_the_api", "description": "x"})
    made.raise_for_status()
    role = f"/api/roles/{made.json()['id']}"
    changed = await api.patch(role, json={"description": "changed"})
    assert changed.is_success and changed.json()["description"] == "changed"
    kept = await api.put("/api/config/compat_api", json={"value": [1]})
    assert kept.status_code == 200
    listed = await api.get("/api/roles", params={}, headers={"accept": "application/json"})
    assert "of_the_api" in [one["name"] for one in listed.json()["roles"]]
    gone = [(await api.delete(path)).status_code for path in (role, role, "/api/config/compat_api")]
    try:
        await api.post("/api/keys", json={"email": "x", "name": "k", "role": "org_user"})
    except PermissionError:
        return gone
    raise AssertionError("a run may make no keys")
