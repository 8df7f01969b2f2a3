"""Pages of webhooks: who is told what, what became of it, sending again."""
