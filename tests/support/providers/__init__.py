"""Fakes of near providers, written from their documents and strict about requests."""
