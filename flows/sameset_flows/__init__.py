"""sameset as Prefect flows: import each from its own module, `from sameset_flows.check_dataset import check_dataset`."""
