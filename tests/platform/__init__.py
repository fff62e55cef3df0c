"""What the cross-service tests share: the running platform, its owner, its companies, their desktops."""
