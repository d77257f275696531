# M8. The comparison of a class outside the shape reads the table, or anything.
function f
bad:    cmpl $1, FT+8(%r10)
        ret
end f
