# S1. Heights are whole slots.
function f
bad:    subq $12, %rsp
        addq $16, %rsp
        ret
end f
