"""Everything a person chats through: channels, dialogs, wording, delivery, pages."""
