# M1. The operand of a class check has no index.
function f
bad:    cmpl $1, FT+8(%r10,%rax)
        ret
end f
