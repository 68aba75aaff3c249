"""State at module level. Every run starts from the snapshot, so it never grows."""

count = 0
seen: list[str] = []
