"""Where a member is reached besides phone and e-mail: a Telegram chat, browsers that take pushes."""
