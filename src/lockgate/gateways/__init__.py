"""Gateways: each speaks one protocol with clients and upstream, and leaves every decision to the pipeline."""
