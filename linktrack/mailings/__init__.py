"""Mailings: where their links stand, compiled once, personalised for every recipient."""
