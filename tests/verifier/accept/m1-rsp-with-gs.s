# Twin of reject/m1-rsp-with-gs.s, without the fault.
function f
        movl %gs:(%ebp), %ecx
        ret
end f
