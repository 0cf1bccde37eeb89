"""What a conversation becomes, and every text we say: pure decisions around one shell."""
