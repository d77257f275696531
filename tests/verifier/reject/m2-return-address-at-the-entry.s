# M2. The return address, at height 0.
function f 8
bad:    movq %rcx, (%rsp)
        ret
end f
