# D5. Nobody reads a segment base.
.set REACHES_BLOCKS, 1
function f
bad:    rdfsbase %rax
        ret
end f
