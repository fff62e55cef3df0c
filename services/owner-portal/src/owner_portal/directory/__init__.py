"""The copy of what tenancy and billing tell about companies, and the frame of every page about one."""
