# S1. The frame ends at the return address.
function f
bad:    addq $8, %rsp
        subq $8, %rsp
        ret
end f
