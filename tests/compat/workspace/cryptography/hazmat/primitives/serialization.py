"""See `trustme`."""

BestAvailableEncryption = Encoding = PrivateFormat = load_pem_private_key = None
