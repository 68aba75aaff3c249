"""`bifrost.email` is not supported: send mail by your provider's HTTP API."""

from ._missing import Missing

email = Missing("email", "send mail by your provider's HTTP API with httpx, such as sendMail of Microsoft Graph")
