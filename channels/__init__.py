"""Translation between platform bytes and our words; what each platform can carry."""
