# D5. Nobody sets a segment base.
.set REACHES_BLOCKS, 1
function f
bad:    wrfsbase %rax
        ret
end f
