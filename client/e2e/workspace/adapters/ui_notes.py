"""An adapter that the tests of the web UI choose."""

from typing import Any

from bifrost.webhooks import Deliver, Rejected, WebhookAdapter, WebhookEvent, WebhookRequest, adapter


@adapter(name="Notes", description="Notes with a word that both sides know.")
class Notes(WebhookAdapter):
    """Takes what has the word."""

    config_schema = [{"key": "word", "type": "string", "required": True}]

    async def handle_request(
        self, request: WebhookRequest, config: dict[str, Any], state: dict[str, Any]
    ) -> Deliver | Rejected:
        """Delivers the note, or refuses it."""
        note = request.json()
        if note.get("word") != config["word"]:
            return Rejected("the word")
        return Deliver([WebhookEvent(note, type="note")])
