# S1. F is 65536.
function f
bad:    subq $65544, %rsp
        addq $65544, %rsp
        ret
end f
