# Twin of reject/c1-branch-ends-the-function.s, without the fault.
function f
        jmp f
end f
