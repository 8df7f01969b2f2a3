"""What a sale would come to, without writing anything; and the signed token that holds Verno to it."""
