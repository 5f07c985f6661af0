"""What a shipment's mails are written as."""
