"""The people that mails go to: kept as recipients, those who have left a type of mailing, and who is chosen."""
