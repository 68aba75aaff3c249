"""A password for somebody's first sign-in."""

from __future__ import annotations

from modules import microsoft_csp


class FirstPassword:
    """It is in the request that makes the account and in one mail.

    It is in no result, log or variable of a run, because it is never a text there.
    """

    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value = microsoft_csp.new_password()

    def __repr__(self) -> str:
        return "<FirstPassword>"

    def reveal(self) -> str:
        """The password, for the request that makes the account."""
        return self._value

    async def send(self, csp: microsoft_csp.Client, sender: str, to: str, name: str) -> None:
        """Mails it to somebody who hands it over. `sender` is a mailbox of the partner's tenant."""
        text = (
            f"The account {name} is there. Its password for the first sign-in is\n\n    {self._value}\n\n"
            "It has to be changed there. Tell it to its owner, and delete this mail."
        )
        await csp.send_mail(sender, to, f"Account {name}", text)
