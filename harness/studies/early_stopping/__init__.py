"""Does the ranking after few epochs tell the final one (Yu et al. 2020, Fig. 7)?"""
